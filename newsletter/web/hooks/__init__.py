"""What providers that send for us call: `POST /hooks/bounces/{provider}`. Loaded when one first does."""
