"""Do the rules of the books say what the domain manual says?"""
