"""To people: the application on the console port."""
