"""What keeps catalogues sound: checking them, and bringing in what public lists learnt. Used by maintainers."""
