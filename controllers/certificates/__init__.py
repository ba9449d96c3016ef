"""Certificates of agents: approved without anybody looking, renewed before they run out."""
