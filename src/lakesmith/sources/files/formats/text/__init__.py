"""Tables written as text: delimited and of fixed width, in any encoding."""
