"""The judge: is this answer that answer, what does this program do, and may this data be trained on?"""
