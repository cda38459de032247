"""The same schedule in the words of others: cron, systemd, GitHub Actions. Pure: duties in, text out."""
