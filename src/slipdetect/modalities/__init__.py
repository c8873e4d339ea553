"""What a snippet is: modalities, where snippets lie, normalization."""
