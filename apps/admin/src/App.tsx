/** The pages put together: look, questions and their answers, the live line, and the screens. */
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core"
import { ModalsProvider } from "@mantine/modals"
import { Notifications } from "@mantine/notifications"
import { QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { useEffect } from "react"
import { listen } from "./api/ask.ts"
import { queries } from "./queries.ts"
import { router } from "./router.tsx"
import { takeNext } from "./screens/first/entering.ts"
import { SignInAgain, signInAgain } from "./session/SignInAgain.tsx"
import { theme, variables } from "./shell/theme.ts"

const colours = localStorageColorSchemeManager({ key: "syncline-colours" })

export const App = () => {
  useEffect(() => listen({ onOver: toSignIn, signInAgain }), [])
  useEffect(() => {
    const next = router.state.location.pathname === "/" ? takeNext() : "/"
    if (next !== "/") void router.navigate({ to: next, replace: true })
  }, [])
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      colorSchemeManager={colours}
    >
      <QueryClientProvider client={queries}>
        <ModalsProvider>
          <Notifications position="bottom-right" limit={4} />
          <SignInAgain />
          <RouterProvider router={router} />
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  )
}

/** What was shown is forgotten, and where one was is remembered. */
const toSignIn = (): void => {
  const { href } = router.state.location
  if (href.startsWith("/sign-in") || href.startsWith("/setup")) return
  queries.clear()
  void router.navigate({ to: "/sign-in", search: { next: href } })
}
