"""Where facts, ledger and progress outlive a restart."""
