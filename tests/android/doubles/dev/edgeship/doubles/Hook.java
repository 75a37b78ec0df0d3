package dev.edgeship.doubles;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Marks what a double has for the tests, and the class of Android has not. */
@Retention(RetentionPolicy.CLASS)
public @interface Hook {}
