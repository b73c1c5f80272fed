"""Do the books hold on a real database?"""
