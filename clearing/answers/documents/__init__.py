"""What members are sent, in their language: workbooks, CSV for Excel, pages to sign."""
