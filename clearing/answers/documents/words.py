"""What documents say, in the languages that members can ask for."""

from __future__ import annotations

from ext.codes import Cause, Reason
from network.members import Language
from network.money import Currency

# Chinese, English.
WORDS = {
    "statement": ("对账单", "Statement"),
    "bill": ("补贴账单", "Bill of concessions"),
    "member": ("入网机构", "member"), "code": ("代码", "code"), "name": ("名称", "name"),
    "role": ("角色", "role"), "period": ("清算期", "period"), "windows": ("清算批次", "windows"),
    "state": ("状态", "state"), "closed": ("已关闭", "closed"),
    "open": ("未全部关闭，金额仍可能变化", "not closed yet: amounts can change"),
    "network": ("清分网络", "network"), "unit": ("单位", "money in"),
    "position": ("头寸", "position"), "run": ("截至批次运行", "as after run"),
    "by cause": ("按对方和原因", "by counterparty and cause"),
    "by reason": ("迟到与更正单列", "late and corrected apart"),
    "by window": ("按清算批次", "by window"),
    "by city": ("按城市（运营地）", "by city of the ride"),
    "by mode": ("按方式", "by mode"), "by card_kind": ("按卡种", "by card kind"),
    "by funder": ("按补贴方", "by funder"),
    "counterparty": ("对方", "counterparty"), "city": ("城市", "city"), "cause": ("原因", "cause"),
    "reason": ("入账方式", "entered as"), "window": ("清算批次", "window"),
    "mode": ("方式", "mode"), "card_kind": ("卡种", "card kind"), "funder": ("补贴方", "funder"),
    "items": ("笔数", "items"), "is owed": ("应收", "is owed"), "owes": ("应付", "owes"),
    "net": ("净额", "net"), "total": ("合计", "total"),
    "card": ("卡号", "card"), "counter": ("卡计数器", "counter"),
    "boarded": ("上车（进站）", "boarded"), "alighted": ("下车（出站）", "alighted"),
    "operator": ("运营单位", "operator"), "line": ("线路", "line"), "from": ("起点", "from"),
    "to": ("终点", "to"), "issuer": ("发卡机构", "issuer"), "rule": ("规则", "rule"),
    "detail": ("乘次", "rides"), "rides": ("乘次数", "rides"),
    "no rides": ("非乘次", "of no rides"),
    "nation": ("全国", "the nation"),
    "shortfall": ("优惠差额", "shortfall"), "base": ("按约定应付", "by the terms"),
    "billed": ("本期应付", "billed"), "taken off": ("扣减", "taken off"),
    "taken back": ("冲回", "taken back"), "carried in": ("上期结转", "carried in"),
    "above": ("超出限额", "above the ceiling"), "terms": ("补贴约定", "terms"),
    "settled": ("清算批次已结", "settled by windows"), "difference": ("差额", "difference"),
    "unit price": ("每乘次单价", "unit price"), "lump sum": ("定额", "lump sum"),
    "ceiling": ("限额", "ceiling"), "room": ("限额余额", "left under the ceiling"),
    "operators above": ("由运营单位承担", "operators bear it"),
    "carried above": ("结转下期", "carried to the next bill"),
    "by operator": ("按运营单位", "by operator"), "by budget": ("按预算", "by budget"),
    "budget": ("预算", "budget"),
    "maker": ("经办人", "prepared by"), "checker": ("复核人", "checked by"),
    "seal": ("单位盖章", "seal"), "date": ("日期", "date"),
    "operator role": ("运营单位", "operator"), "issuer role": ("发卡机构", "issuer"),
    "funder role": ("补贴方", "funder"), "centre role": ("清分中心", "clearing centre"),
    "approver role": ("审批人", "approver"),
}
_CAUSES = {
    Cause.FARE: "票款", Cause.CONCESSION: "优惠", Cause.TRANSFER: "换乘优惠",
    Cause.TIER: "阶梯优惠", Cause.PROMOTION: "促销", Cause.CAP: "封顶优惠",
    Cause.CLEARING_FEE: "清算手续费", Cause.ISSUER_FEE: "发卡手续费",
    Cause.ACQUIRER_FEE: "收单手续费",
    Cause.PERIOD_FEE: "周期服务费", Cause.TAX: "税费",
    Cause.DISPUTE_HELD: "争议冻结", Cause.DISPUTE_AWARD: "争议调整",
    Cause.REVENUE_SHARE: "票款分账", Cause.BILL_DIFFERENCE: "账单差额",
}
_REASONS = {
    Reason.ORIGINAL: ("当期", "in time"), Reason.SUPERSEDED: ("当期冲销", "taken back in time"),
    Reason.LATE_RECORD: ("迟到", "late"), Reason.CORRECTION: ("更正", "corrected"),
    Reason.RESTATED: ("重算", "restated"), Reason.CLAIM_RELEASED: ("审核放行", "released"),
    Reason.CLAIM_REJECTED: ("审核驳回", "rejected"),
}
_LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Words:
    """Words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._which = _LANGUAGES.index(language)

    def __getitem__(self, key: str) -> str:
        return WORDS[key][self._which]

    def of(self, *keys: str) -> tuple[str, ...]:
        """Several words, as the columns of a table."""
        return tuple(self[key] for key in keys)

    def cause(self, cause: int) -> str:
        """Why something is owed."""
        word = Cause(cause).name.lower().replace("_", " ")
        return word if self.language == "en" else _CAUSES.get(Cause(cause), word)

    def reason(self, reason: int) -> str:
        """Why an entry stands in its window; 0: it is of no ride."""
        if not reason:
            return self["no rides"]
        word = Reason(reason).name.lower().replace("_", " ")
        return _REASONS.get(Reason(reason), (word, word))[self._which]

    def currency(self, currency: Currency) -> str:
        """What amounts are in."""
        return "元" if (self.language, currency.name) == ("zh", "yuan") else currency.name
