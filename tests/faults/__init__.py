"""What must survive: crashes, lost servers, doubled and late messages."""
