"""What happens later?"""
