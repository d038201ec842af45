/** The frame around every screen: menu, search, whether the page is live, and who is signed in. */
import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme
} from "@mantine/core"
import { useDisclosure } from "@mantine/hooks"
import { modals } from "@mantine/modals"
import { Link, Outlet, useRouter, useRouterState } from "@tanstack/react-router"
import { useQuery } from "@tanstack/react-query"
import { Fragment, useEffect } from "react"
import { IconMoon, IconSearch, IconSun } from "../elements/icons.ts"
import { LiveProvider } from "../live/LiveContext.tsx"
import { line } from "../queries.ts"
import { identityQuery } from "../session/who.ts"
import { LineLost, LiveBadge } from "./LiveBadge.tsx"
import { MemberGate } from "./MemberGate.tsx"
import { openSearch, Search } from "./Search.tsx"
import { leaveSignInAgain } from "../session/SignInAgain.tsx"
import { SignedIn } from "./SignedIn.tsx"
import { brand as Brand } from "./screenList.ts"
import { useScreens } from "./useScreens.ts"

export const Shell = () => {
  const [isOpen, { close, toggle }] = useDisclosure()
  useDialogsOfOnePlace()
  return (
    <LiveProvider line={line}>
      <a href="#screen" className="skip" onClick={toContents}>
        To the contents
      </a>
      <Search />
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 240, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
        padding="md"
      >
        <AppShell.Header>
          <Head isMenuOpen={isOpen} onMenu={toggle} />
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label="Screens">
          <ScrollArea type="auto" scrollbarSize={8}>
            <Menu onGo={close} />
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="screen" tabIndex={-1}>
          <LineLost />
          <MemberGate>
            <Outlet />
          </MemberGate>
        </AppShell.Main>
      </AppShell>
    </LiveProvider>
  )
}

/** What was asked at one place is not answered at another: a dialog ends there, and nothing is done. */
const useDialogsOfOnePlace = (): void => {
  const router = useRouter()
  useEffect(
    () =>
      router.subscribe("onBeforeLoad", ({ pathChanged }) => {
        if (!pathChanged) return
        modals.closeAll()
        leaveSignInAgain()
      }),
    [router]
  )
}

/** An address of a place in a document is taken from where the document says that all addresses begin: that is the overview. */
const toContents = (event: React.MouseEvent): void => {
  event.preventDefault()
  document.querySelector<HTMLElement>("#screen")?.focus()
}

const Head = ({ isMenuOpen, onMenu }: { readonly isMenuOpen: boolean; readonly onMenu: () => void }) => {
  const { data: identity } = useQuery(identityQuery)
  return (
    <Group h="100%" px={{ base: "xs", sm: "md" }} justify="space-between" wrap="nowrap" gap="xs">
      <Group gap="xs" wrap="nowrap">
        <Burger opened={isMenuOpen} onClick={onMenu} hiddenFrom="sm" size="sm" aria-label="Menu" />
        <Brand size={22} aria-hidden />
        <Text fw={700} visibleFrom="xs">
          Syncline
        </Text>
        <Text c="dimmed" visibleFrom="sm" truncate maw={220}>
          {identity?.space}
        </Text>
      </Group>
      <Group gap="xs" wrap="nowrap" className="head-acts">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconSearch size={14} />}
          onClick={openSearch}
          visibleFrom="sm"
        >
          Search · Ctrl K
        </Button>
        <ActionIcon variant="default" aria-label="Search" onClick={openSearch} hiddenFrom="sm">
          <IconSearch size={16} />
        </ActionIcon>
        <LiveBadge />
        <ColourSwitch />
        <SignedIn />
      </Group>
    </Group>
  )
}

const ColourSwitch = () => {
  const { setColorScheme } = useMantineColorScheme()
  const isDark = useComputedColorScheme("light") === "dark"
  const label = isDark ? "Light colours" : "Dark colours"
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" aria-label={label} onClick={() => setColorScheme(isDark ? "light" : "dark")}>
        {isDark ? <IconSun size={16} /> : <IconMoon size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}

const Menu = ({ onGo }: { readonly onGo: () => void }) => {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  return useScreens().map(({ name, screens }) => (
    <Fragment key={name}>
      <Text size="xs" fw={600} c="dimmed" px="sm" pt="sm" pb={4}>
        {name}
      </Text>
      {screens.map(({ icon: Icon, name: label, path: to }) => (
        <NavLink
          key={to}
          component={Link}
          to={to}
          label={label}
          leftSection={<Icon size={18} aria-hidden />}
          active={to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`)}
          onClick={onGo}
        />
      ))}
    </Fragment>
  ))
}
