"""What is thought of the facts: pure functions from history to judgements. What was not looked at is never good."""
