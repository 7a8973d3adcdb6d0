"""What was begun, what is finished, what was paid: receipts of assets and the books of paid calls."""

from badapple.journal.assets import Journal
from badapple.journal.books import Books
from badapple.journal.claims import Claims
from badapple.journal.till import JournalTill, Tab

__all__ = ["Books", "Claims", "Journal", "JournalTill", "Tab"]
