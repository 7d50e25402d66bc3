"""What bytes mean: requests recognised, streams watched, errors said in the client's own words."""
