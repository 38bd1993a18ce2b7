"""The only part that speaks SQL, behind one protocol."""
