"""The bench: judges labelled fleets over days as the collector would, and measures. Never imported by the service.

The lab makes fleets and knows no detector; the bench lets the detectors judge and compares with the labels.
"""
