import { react } from "@katanemo/vitest-config/react";

export default react;
