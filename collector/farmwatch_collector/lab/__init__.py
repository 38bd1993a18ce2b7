"""The lab: demo and fleet simulator. It makes reports as agents do, and is never imported by the rest."""
