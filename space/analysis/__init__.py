"""What can be measured of a candidate without training it."""
