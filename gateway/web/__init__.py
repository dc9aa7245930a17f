"""The pages: the customers' widget, the agents' inbox and the demo shop, as files that are served unbuilt."""
