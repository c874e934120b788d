"""The Pulumi program: what an environment comes to on AWS and on GCP."""
