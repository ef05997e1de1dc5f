"""`make demo`: real Terraform puts a simulated pair in agreement, finds drift, lets go again."""
