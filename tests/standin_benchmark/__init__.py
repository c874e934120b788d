"""A program that obeys the contract of a benchmark without computing anything."""
