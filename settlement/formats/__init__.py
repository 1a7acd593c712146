"""Files that go to banks and come from them: read and written as streams, in bounded memory."""
