"""What knows the text of a language. Nothing of a checkout is started here."""
