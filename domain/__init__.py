"""The nouns and the facts: what is provisioned, what runs, what it costs."""
