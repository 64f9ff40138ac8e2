import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { Gate } from "./gate";
import { NotFound } from "./not-found";
import { home, pages, type PageEntry } from "./pages";
import { RouteProblem } from "./route-problem";

const route = (p: PageEntry): RouteObject => ({
  path: p.path,
  lazy: async () => ({ Component: (await p.load()).default }),
  errorElement: <RouteProblem />,
});

/** The routes: everything is behind the sign-in, and each page is a file of its own. */
export const router = createBrowserRouter([
  {
    element: <Gate />,
    errorElement: <RouteProblem />,
    hydrateFallbackElement: <></>,
    children: [
      ...(pages.some((p) => p.path === "/") ? [] : [{ path: "/", element: <Navigate to={home} replace /> }]),
      ...pages.map(route),
      { path: "*", element: <NotFound /> },
    ],
  },
]);
