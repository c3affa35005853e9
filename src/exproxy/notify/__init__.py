"""Tells people and programs elsewhere what has changed: news become stories, stories messages, and couriers bring these.

News come in as sentences: nothing here knows of servers, back ends or configurations.
"""
