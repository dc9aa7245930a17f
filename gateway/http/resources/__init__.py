"""The resources of the API, one module each; every module offers its endpoints as `api`."""
