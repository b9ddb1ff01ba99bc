"""Who is asking: readers, pages that embed us, the owner, programs."""
