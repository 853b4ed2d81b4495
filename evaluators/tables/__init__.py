"""Tables of scores: their file, those shipped, and the evaluator that looks scores up."""
