"""What TLS needs beside streams: profiles, certificates, contexts for both sides, and words for what fails."""
