"""Who owes whom, when, and how a bank is told: pure, arrays and agreements in, positions out."""
