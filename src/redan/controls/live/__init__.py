"""Endpoints that are really asked: started as they are declared, with clients of their own, and ended again."""
