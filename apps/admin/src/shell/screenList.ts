/** The screens by their names, for the menu and the search, and what somebody has to be allowed to see them. */
import type { Icon } from "@tabler/icons-react"
import type { Scope } from "../session/who.ts"
import {
  IconActivity,
  IconArchive,
  IconBroadcast,
  IconClipboardList,
  IconDatabase,
  IconDeviceDesktop,
  IconGitMerge,
  IconInbox,
  IconKey,
  IconLayoutDashboard,
  IconQrcode,
  IconReceipt,
  IconRoute,
  IconSettings,
  IconShieldLock,
  IconUser,
  IconUsers
} from "../elements/icons.ts"

export interface Listed {
  readonly path: string
  readonly name: string
  /** Words that somebody may look for. */
  readonly words: string
  readonly icon: Icon
  readonly scope?: Scope
  /** Only where the space has a charter. */
  readonly isTeams?: boolean
  /** Shows what a member of the team may read. */
  readonly isMembers?: boolean
}

export interface Section {
  readonly name: string
  readonly screens: ReadonlyArray<Listed>
}

export const sections: ReadonlyArray<Section> = [
  {
    name: "Sync",
    screens: [
      {
        path: "/",
        name: "Overview",
        words: "status health throughput lag",
        icon: IconLayoutDashboard,
        scope: "status:read"
      },
      { path: "/peers", name: "Peers", words: "devices links sessions", icon: IconDeviceDesktop, scope: "peers:read" },
      {
        path: "/pairing",
        name: "Pairing",
        words: "code qr words add device invite",
        icon: IconQrcode,
        scope: "team:read"
      },
      {
        path: "/routes",
        name: "Routes",
        words: "transports addresses fail-over mailboxes libp2p",
        icon: IconRoute,
        scope: "peers:read"
      },
      { path: "/live", name: "Live", words: "map events stream", icon: IconActivity, scope: "status:read" }
    ]
  },
  {
    name: "Records",
    screens: [
      {
        path: "/data",
        name: "Data",
        words: "records entities types history restore",
        icon: IconDatabase,
        scope: "records:read",
        isMembers: true
      },
      {
        path: "/conflicts",
        name: "Conflicts",
        words: "winner loser merge",
        icon: IconGitMerge,
        scope: "records:read",
        isMembers: true
      },
      {
        path: "/quarantine",
        name: "Quarantine",
        words: "refused held waiting commits",
        icon: IconInbox,
        scope: "records:read",
        isMembers: true
      },
      {
        path: "/receipts",
        name: "Receipts",
        words: "accepted rejected deferred",
        icon: IconReceipt,
        scope: "records:read",
        isMembers: true
      }
    ]
  },
  {
    name: "Rules",
    screens: [
      {
        path: "/team",
        name: "Team",
        words: "members roles teams devices invitations",
        icon: IconUsers,
        scope: "team:read",
        isTeams: true
      },
      {
        path: "/policy",
        name: "Policy",
        words: "acl rules matrix tests preview explain why versions",
        icon: IconShieldLock,
        scope: "team:read",
        isTeams: true
      },
      {
        path: "/audit",
        name: "Audit",
        words: "log verify export decisions",
        icon: IconClipboardList,
        scope: "audit:read",
        isTeams: true
      }
    ]
  },
  {
    name: "Hub",
    screens: [
      {
        path: "/accounts",
        name: "Admins and sessions",
        words: "people accounts sign out roles",
        icon: IconUsers,
        scope: "accounts:write"
      },
      { path: "/tokens", name: "API tokens", words: "scopes secret", icon: IconKey },
      {
        path: "/backups",
        name: "Backups",
        words: "restore verify export import",
        icon: IconArchive,
        scope: "operate:read"
      },
      {
        path: "/settings",
        name: "Settings",
        words: "limits quotas log diagnostics doctor about gateways",
        icon: IconSettings,
        scope: "operate:read"
      },
      { path: "/you", name: "You", words: "password passkeys own sessions", icon: IconUser }
    ]
  }
]

export const brand = IconBroadcast
