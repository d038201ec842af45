/** The tabs of screens that have some, by their names in the address and in the order in which they stand. */

export const teamTabs = {
  members: "Members",
  devices: "Devices",
  roles: "Roles",
  teams: "Teams",
  invitations: "Invitations",
  requests: "Requests to join",
  charter: "Charter and sealing"
}

export const policyTabs = {
  matrix: "Matrix",
  text: "Text",
  tests: "Tests",
  preview: "Preview and apply",
  versions: "Versions",
  explain: "Why"
}

export const settingsTabs = {
  settings: "Settings",
  running: "Running",
  doctor: "Doctor and diagnostics",
  about: "About"
}
