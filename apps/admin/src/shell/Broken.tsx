/** A screen that failed: a mistake in the pages, or an old page with a new hub. The menu and everything else go on. */
import { Container } from "@mantine/core"
import type { ErrorComponentProps } from "@tanstack/react-router"
import { Failed } from "../elements/Loaded.tsx"
import { Page } from "../elements/Page.tsx"

export const Broken = ({ error }: ErrorComponentProps) => (
  <Container py="xl">
    <Page title="This screen failed">
      <Failed
        error={error instanceof Error ? error : new Error(String(error))}
        onTry={() => window.location.reload()}
      />
    </Page>
  </Container>
)
