"""The frame around every screen: navigation, sign-in, and the screens for when things go wrong."""
