/** The roles of accounts at a hub, in words. */

export const roles = [
  { value: "viewer", label: "viewer: sees and changes nothing" },
  { value: "admin", label: "admin: runs the hub, makes no accounts" },
  { value: "owner", label: "owner: everything" }
]
