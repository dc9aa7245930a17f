"""Articles, their index and the match of a message against them: pure."""
