"""How fast is it, against the limit measured in the same run?"""
