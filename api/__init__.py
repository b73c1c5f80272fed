"""How do programs reach it? Flask and flask-smorest end here."""
