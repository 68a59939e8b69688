"""`scaffold pr`: the text for a pull request, from what is written and what was proved."""
