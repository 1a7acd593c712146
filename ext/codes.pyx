"""The enums of codes.pxd, for Python: ext.codes.Code is an IntEnum."""
