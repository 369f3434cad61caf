"""What people see in the browser: server-rendered pages that work without JavaScript, and say the same live with it."""
