"""Where did the money go?"""
