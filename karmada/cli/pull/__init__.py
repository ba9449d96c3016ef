"""Registration in pull mode: discovery, certificates, rights, and what the member gets."""
