# evasion
