"""`farmwatch farms`: the farms of a collector, or of reports offline."""
