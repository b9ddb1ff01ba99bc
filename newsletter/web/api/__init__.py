"""What programs of the owner's use: `/api/v1`, opened by tokens with scopes. docs/api.md is for who writes one."""
