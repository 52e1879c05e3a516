"""Every write of every command fails once, and the process is killed at it: what is left then?"""
